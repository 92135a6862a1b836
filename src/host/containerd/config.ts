/** What the generated configuration depends on. */
export interface ContainerdConfig {
  /** The version of containerd that will read it. */
  readonly version: ContainerdVersion
  readonly root: string
  readonly state: string
  readonly socket: string
  /** A folder of containerd's own for what else it writes. */
  readonly folder: string
  readonly cniPlugins: string
  readonly cniConfigs: string
  readonly pauseImage: string
  readonly snapshotter: 'overlayfs' | 'native'
  /** Set where the process lacks CAP_SYS_RESOURCE: runc could not lower oom_score_adj and would fail. */
  readonly restrictOomScore: boolean
}

export interface ContainerdVersion {
  readonly major: number
  readonly minor: number
}

/** Reads what `containerd --version` prints: `containerd github.com/containerd/containerd v1.7.24 88bf19b`. */
export function parseVersion(text: string): ContainerdVersion | undefined {
  const [, major, minor] = /\bv?(\d+)\.(\d+)(?:\.\d+)?/.exec(text.replace(/github\.com\S*/g, '')) ?? []
  return major === undefined || minor === undefined ? undefined : { major: Number(major), minor: Number(minor) }
}

type Value = string | number | boolean | readonly string[]
/** A TOML document: tables by their full name, in order. */
type Tables = readonly (readonly [name: string, values: Readonly<Record<string, Value>>])[]

/**
 * The configuration file: format 2 for containerd 1.6 and 1.7, format 3 for 2.x, where the CRI plugin was split in two.
 * Nothing in it touches a system containerd's folders, sockets or namespaces.
 */
export function renderConfig(config: ContainerdConfig): string {
  const top = { version: config.version.major >= 2 ? 3 : 2, root: config.root, state: config.state }
  const plugins = config.version.major >= 2 ? pluginsOf2(config) : pluginsOf1(config)
  return renderToml(top, [...daemonTables(config), ...plugins])
}

function daemonTables(config: ContainerdConfig): Tables {
  return [
    ['grpc', { address: config.socket }],
    ['ttrpc', { address: `${config.socket}.ttrpc` }],
    ['debug', { level: 'warn' }],
    ["plugins.'io.containerd.internal.v1.opt'", { path: `${config.folder}/opt` }],
  ]
}

/** What is the same in both formats: how sandboxes are made. */
function sandboxValues(config: ContainerdConfig): Record<string, Value> {
  return {
    restrict_oom_score_adj: config.restrictOomScore,
    netns_mounts_under_state_dir: true,
    tolerate_missing_hugetlb_controller: true,
  }
}

/** Skiff's node agent names cgroups by path, so runc makes them itself, with systemd about or not. */
function runcTables(base: string): Tables {
  return [
    [`${base}.containerd.runtimes.runc`, { runtime_type: 'io.containerd.runc.v2' }],
    [`${base}.containerd.runtimes.runc.options`, { SystemdCgroup: false }],
  ]
}

function pluginsOf1(config: ContainerdConfig): Tables {
  const cri = "plugins.'io.containerd.grpc.v1.cri'"
  const streaming = { stream_server_address: '127.0.0.1', stream_server_port: '0', disable_tcp_service: true }
  return [
    [cri, { sandbox_image: config.pauseImage, ...streaming, ...sandboxValues(config) }],
    [`${cri}.containerd`, { snapshotter: config.snapshotter, default_runtime_name: 'runc' }],
    ...runcTables(cri),
    [`${cri}.cni`, { bin_dir: config.cniPlugins, conf_dir: config.cniConfigs, max_conf_num: 1 }],
    [`${cri}.registry`, { config_path: '/etc/containerd/certs.d' }],
  ]
}

function pluginsOf2(config: ContainerdConfig): Tables {
  const images = "plugins.'io.containerd.cri.v1.images'"
  const runtime = "plugins.'io.containerd.cri.v1.runtime'"
  // 2.0 knows one plugin folder, later versions several.
  const plugins: Record<string, Value> =
    config.version.minor === 0 ? { bin_dir: config.cniPlugins } : { bin_dirs: [config.cniPlugins] }
  return [
    [images, { snapshotter: config.snapshotter }],
    [`${images}.pinned_images`, { sandbox: config.pauseImage }],
    [`${images}.registry`, { config_path: '/etc/containerd/certs.d' }],
    [runtime, sandboxValues(config)],
    [`${runtime}.containerd`, { default_runtime_name: 'runc' }],
    ...runcTables(runtime),
    [`${runtime}.cni`, { ...plugins, conf_dir: config.cniConfigs, max_conf_num: 1 }],
    [
      "plugins.'io.containerd.grpc.v1.cri'",
      { disable_tcp_service: true, stream_server_address: '127.0.0.1', stream_server_port: '0' },
    ],
  ]
}

function renderToml(top: Readonly<Record<string, Value>>, tables: Tables): string {
  const lines = (values: Readonly<Record<string, Value>>): string =>
    Object.entries(values)
      .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
      .join('')
  return lines(top) + tables.map(([name, values]) => `\n[${name}]\n${lines(values)}`).join('')
}
