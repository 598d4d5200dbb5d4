import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { ResourceDetector } from '@opentelemetry/resources'
import { SpanlogError, unexpected } from '../errors.js'
import { present } from '../semantics/attributes.js'
import { peers } from './peers.js'

/** What is found out of where a process runs. */
export type DetectorName = 'host' | 'process' | 'container' | 'kubernetes'

const makers: Record<DetectorName, () => ResourceDetector> = {
  host: () => peers.resources().hostDetector,
  process: () => processDetector(peers.resources().processDetector),
  container: () => peers.containerDetector().containerDetector,
  kubernetes: () => kubernetesDetector,
}

const all = Object.keys(makers) as DetectorName[]

/** @throws SpanlogError INVALID_OPTION, PEER_MISSING */
export function makeDetectors(names: readonly DetectorName[] | undefined): ResourceDetector[] {
  if (names === undefined) return all.flatMap(ifInstalled)
  if (!Array.isArray(names)) throw unexpected('detectors', `an array of ${all.join(', ')}`, names)
  return (names as readonly DetectorName[]).map((name, i) => {
    if (!all.includes(name)) throw unexpected(`detectors[${i}]`, `one of ${all.join(', ')}`, name)
    return makers[name]()
  })
}

function ifInstalled(name: DetectorName): ResourceDetector[] {
  try {
    return [makers[name]()]
  } catch (error) {
    if (error instanceof SpanlogError && error.code === 'PEER_MISSING') return []
    throw error
  }
}

/** Without the arguments of the command, among which people pass secrets. */
function processDetector(detector: ResourceDetector): ResourceDetector {
  return {
    detect(config) {
      const { attributes: { 'process.command_args': _args, ...attributes } = {} } = detector.detect(config)
      return { attributes }
    },
  }
}

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount/namespace'

/**
 * What a pod knows of itself: the variables that the OpenTelemetry operator and most charts set by the downward API; the namespace of
 * its service account; and its name, which is the host's.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/resource/k8s/
 */
export const kubernetesDetector: ResourceDetector = {
  detect() {
    const { env } = process
    if (env['KUBERNETES_SERVICE_HOST'] === undefined) return { attributes: {} }
    const given = (...names: string[]): string | undefined =>
      names.map((name) => env[name]).find((value) => value !== undefined && value !== '')
    return {
      attributes: present({
        'k8s.pod.name': given('K8S_POD_NAME', 'POD_NAME', 'MY_POD_NAME') ?? hostname(),
        'k8s.pod.uid': given('K8S_POD_UID', 'POD_UID', 'MY_POD_UID'),
        'k8s.namespace.name': given('K8S_NAMESPACE_NAME', 'K8S_NAMESPACE', 'POD_NAMESPACE', 'NAMESPACE', 'MY_POD_NAMESPACE') ?? namespace(),
        'k8s.node.name': given('K8S_NODE_NAME', 'NODE_NAME', 'MY_NODE_NAME'),
        'k8s.container.name': given('K8S_CONTAINER_NAME', 'CONTAINER_NAME'),
        'k8s.deployment.name': given('K8S_DEPLOYMENT_NAME', 'DEPLOYMENT_NAME'),
        'k8s.cluster.name': given('K8S_CLUSTER_NAME', 'CLUSTER_NAME'),
      }),
    }
  },
}

function namespace(): string | undefined {
  try {
    return readFileSync(serviceAccount, 'utf8').trim() || undefined
  } catch {
    // A pod may run without a service account.
    return undefined
  }
}
