/** Something that real containers need on the machine, and what brings it. */
export interface Requirement {
  /** The program looked for on the search path. */
  readonly program: string
  readonly what: string
  /** The package that holds it, by package manager. */
  readonly packages: Readonly<Record<PackageManager, string>>
  /** The cluster works without it, in a lesser way that this says. */
  readonly without?: string
}

export type PackageManager = 'apt-get' | 'dnf' | 'pacman' | 'apk' | 'zypper'

/** The package managers that Skiff knows the package names of, in the order they are looked for. */
export const PACKAGE_MANAGERS: readonly PackageManager[] = ['apt-get', 'dnf', 'pacman', 'apk', 'zypper']

/** The command that installs packages with each. */
export const INSTALL_COMMANDS: Readonly<Record<PackageManager, string>> = {
  'apt-get': 'apt-get update && apt-get install -y --no-install-recommends',
  dnf: 'dnf install -y',
  pacman: 'pacman -S --needed --noconfirm',
  apk: 'apk add',
  zypper: 'zypper install -y',
}

const everywhere = (name: string): Record<PackageManager, string> => ({
  'apt-get': name,
  dnf: name,
  pacman: name,
  apk: name,
  zypper: name,
})

/** The programs of the host that a cluster with real containers calls. */
export const REQUIREMENTS: readonly Requirement[] = [
  { program: 'containerd', what: 'runs the containers', packages: everywhere('containerd') },
  { program: 'ctr', what: 'imports images into containerd', packages: everywhere('containerd') },
  { program: 'runc', what: 'starts each container', packages: everywhere('runc') },
  { program: 'nft', what: 'carries Service and pod traffic', packages: everywhere('nftables') },
  {
    program: 'conntrack',
    what: 'forgets connections to UDP endpoints that went away',
    packages: { ...everywhere('conntrack-tools'), 'apt-get': 'conntrack' },
  },
  {
    program: 'ip',
    what: 'tends network links',
    packages: { ...everywhere('iproute2'), dnf: 'iproute' },
  },
  {
    program: 'busybox',
    what: 'is what the example images are made of',
    packages: {
      ...everywhere('busybox'),
      'apt-get': 'busybox-static',
      apk: 'busybox-static',
      zypper: 'busybox-static',
    },
  },
  {
    program: 'catatonit',
    what: "is the pause process that holds a pod's namespaces",
    packages: everywhere('catatonit'),
    without: 'busybox takes its place and reaps no processes',
  },
]

/** The CNI plugins that the pod network calls, and the package that holds them all. */
export const CNI_PLUGINS: readonly string[] = ['bridge', 'host-local', 'loopback']
export const CNI_PACKAGES: Readonly<Record<PackageManager, string>> = {
  ...everywhere('cni-plugins'),
  'apt-get': 'containernetworking-plugins',
  dnf: 'containernetworking-plugins',
}
/** Where distributions put CNI plugins. */
export const CNI_FOLDERS: readonly string[] = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni']
