import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Pod } from '../../../api/generated/types/core/v1.ts'
import { MAX_SCORE, type Plugin } from '../../framework/plugin.ts'

const MB = 1024 * 1024
const MIN_BYTES = 23 * MB
const MAX_BYTES_PER_CONTAINER = 1000 * MB

/** Prefers nodes that have the pod's images, the more the larger they are and the more nodes have them. */
export const imageLocality: Plugin = {
  name: 'ImageLocality',
  weight: 1,
  wakes: [],
  preScore: ({ pod, cache }) =>
    imagesOf(pod.pod).some((image) => cache.nodesWithImage(image) > 0) ? undefined : 'skip',
  score({ pod, cache }, { images }) {
    const wanted = imagesOf(pod.pod)
    const total = Math.max(1, cache.size)
    const bytes = wanted.reduce(
      (sum, image) => sum + Math.floor((images.get(image) ?? 0) * (cache.nodesWithImage(image) / total)),
      0,
    )
    const max = MAX_BYTES_PER_CONTAINER * wanted.length
    return Math.floor((MAX_SCORE * (Math.min(Math.max(bytes, MIN_BYTES), max) - MIN_BYTES)) / (max - MIN_BYTES))
  },
}

function imagesOf({ spec }: Frozen<Pod>): string[] {
  return [...(spec.initContainers ?? []), ...spec.containers].map(({ image }) => normalized(image ?? ''))
}

/** An image without a tag is `latest`. */
function normalized(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') && !image.includes('@') ? `${image}:latest` : image
}
