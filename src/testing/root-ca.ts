/**
 * The CA that pods are told to trust, in ConfigMap kube-root-ca.crt. Nobody has its key: simulated pods connect to nothing, and what
 * never changes keeps runs of one seed the same. Whoever reaches the cluster over HTTPS trusts the CA in its kubeconfig instead.
 */
export const ROOT_CA = `-----BEGIN CERTIFICATE-----
MIIBajCCARCgAwIBAgIQUDiyXIuRWJmNetscIzdg8DAKBggqhkjOPQQDAjAVMRMw
EQYDVQQDEwprdWJlcm5ldGVzMB4XDTI2MTEyMjE2NTExOVoXDTM2MTExOTE2NTYx
OVowFTETMBEGA1UEAxMKa3ViZXJuZXRlczBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABHVL+vUlI0Zn6YkNcjmOBEvO4LpRzv6PkMODh18jB02Qvi+1PyTJ/8MKwEmU
dlFoJPlCaM80bDoUzfjz6e0jWvmjQjBAMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0P
AQH/BAQDAgKkMB0GA1UdDgQWBBR/EMGONouazP7FyMMdgy2XtskmEjAKBggqhkjO
PQQDAgNIADBFAiAzV533afQrx35jrjXetCQMcoqYan8hxWLAoCzNNcVoNQIhANor
oq1cfB1GXsBkGkzQRRS0EzZKuJWd8qi1p0XbO7h5
-----END CERTIFICATE-----
`
