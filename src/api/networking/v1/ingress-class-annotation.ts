/** The annotation that stood for spec.ingressClassName before there was one. */
export const INGRESS_CLASS = 'kubernetes.io/ingress.class'
