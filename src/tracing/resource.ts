import type { Resource } from '@opentelemetry/resources'
import type { TracingOptions } from './options.js'
import { peers } from './peers.js'

/**
 * What the spans say of this process. Options win over the environment, as the specification has it: the environment is the
 * secondary resource. An instance ID is made up where neither names one.
 *
 * @see https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable
 */
export function makeResource({ serviceName, serviceVersion, environment, attributes }: TracingOptions): Resource {
  const { defaultResource, detectResources, envDetector, resourceFromAttributes, serviceInstanceIdDetector } = peers.resources()
  return defaultResource()
    .merge(detectResources({ detectors: [serviceInstanceIdDetector, envDetector] }))
    .merge(
      resourceFromAttributes({
        ...attributes,
        ...(serviceName !== undefined && { 'service.name': serviceName }),
        ...(serviceVersion !== undefined && { 'service.version': serviceVersion }),
        ...(environment !== undefined && { 'deployment.environment.name': environment }),
      }),
    )
}
