import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { AdmissionConfig } from '../../../apiserver/admission/config.ts'
import { type PluginEntry, readAdmissionConfiguration } from '../../../apiserver/admission/configuration/file.ts'
import { PLUGIN_CONFIGS } from '../../../apiserver/admission/configuration/plugins.ts'
import { admissionProblems, pluginNames } from '../../../apiserver/admission/index.ts'
import { PolicyProblem } from '../../../apiserver/admission/pod-security/config.ts'
import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import type { ApiFlagGroup } from '../../../cli/api-flags/flag.ts'
import type { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import { UserError, messageOf } from '../../../host/user-error.ts'
import { goReason } from './refusals.ts'

export const ADMISSION_FLAGS: ApiFlagGroup = {
  title: 'Admission',
  flags: [
    {
      name: 'enable-admission-plugins',
      kind: 'list',
      description: "admission plugins beside the default ones, by kube-apiserver's names",
    },
    {
      name: 'disable-admission-plugins',
      kind: 'list',
      description: 'default admission plugins that are not to run',
    },
    {
      name: 'admission-control-config-file',
      kind: 'file',
      description: 'what admission plugins are told: an AdmissionConfiguration',
    },
    {
      name: 'default-not-ready-toleration-seconds',
      kind: 'number',
      description: 'how long pods stay on a node that is not ready (300)',
    },
    {
      name: 'default-unreachable-toleration-seconds',
      kind: 'number',
      description: 'how long pods stay on a node that cannot be reached (300)',
    },
  ],
}

/** Which admission plugins stand, and what they are told. Throws a UserError for unknown names and for files that cannot be read. */
export function admissionConfig(flags: ApiFlagValues): AdmissionConfig {
  const chosen: AdmissionConfig = {
    enable: flags.list('enable-admission-plugins'),
    disable: flags.list('disable-admission-plugins'),
    notReadyTolerationSeconds: flags.number('default-not-ready-toleration-seconds', 300),
    unreachableTolerationSeconds: flags.number('default-unreachable-toleration-seconds', 300),
  }
  const problems = [...admissionProblems(chosen)]
  if (problems.length > 0) throw new UserError(aggregateMessage(problems))
  const file = flags.text('admission-control-config-file')
  const entries = file === undefined ? [] : readEntries(file)
  return pluginNames(chosen).reduce<AdmissionConfig>(
    (config, name) => ({ ...config, ...pluginConfig(name, entries, dirname(file ?? '.')) }),
    chosen,
  )
}

function readEntries(file: string): readonly PluginEntry[] {
  const failed = 'failed to apply admission: failed to read plugin config: '
  let body: Uint8Array
  try {
    body = readFileSync(file)
  } catch (error) {
    const why = `unable to read admission control configuration from ${JSON.stringify(file)} [open ${file}: ${goReason(error)}]`
    throw new UserError(`${failed}${why}`)
  }
  try {
    return readAdmissionConfiguration(body, file)
  } catch (error) {
    throw new UserError(`${failed}${messageOf(error)}`)
  }
}

/** The first entry of a plugin counts; entries of others are not looked at. */
function pluginConfig(name: string, entries: readonly PluginEntry[], folder: string): AdmissionConfig {
  const read = PLUGIN_CONFIGS.get(name)
  if (!read) return {}
  const entry = entries.find((one) => one.name === name)
  const body = entry && bodyOf(entry, folder)
  try {
    return read(body)
  } catch (error) {
    const what = error instanceof PolicyProblem ? 'failed to initialize' : "couldn't init"
    throw new UserError(
      `failed to apply admission: ${what} admission plugin ${JSON.stringify(name)}: ${messageOf(error)}`,
    )
  }
}

function bodyOf({ configuration, path }: PluginEntry, folder: string): Uint8Array | undefined {
  if (configuration !== undefined && configuration !== null)
    return new TextEncoder().encode(JSON.stringify(configuration))
  if (!path) return undefined
  const file = resolve(folder, path)
  try {
    return readFileSync(file)
  } catch (error) {
    throw new UserError(`Couldn't open admission plugin configuration ${file}: open ${file}: ${goReason(error)}`)
  }
}
