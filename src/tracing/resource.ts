import type { Resource } from '@opentelemetry/resources'
import { present } from '../semantics/attributes.js'
import { makeDetectors } from './detectors.js'
import type { TracingOptions } from './options.js'
import { peers } from './peers.js'

/**
 * What the spans say of this process. Options win over the environment, as the specification has it: the environment is the
 * secondary resource; what was detected comes last. An instance ID is made up where neither names one.
 *
 * @throws SpanlogError INVALID_OPTION, PEER_MISSING
 * @see https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable
 */
export function makeResource(options: TracingOptions): Resource {
  const { serviceName, serviceVersion, serviceInstanceId, environment, attributes, detectors } = options
  const { defaultResource, detectResources, envDetector, resourceFromAttributes, serviceInstanceIdDetector } = peers.resources()
  return defaultResource()
    .merge(detectResources({ detectors: [...makeDetectors(detectors), serviceInstanceIdDetector, envDetector] }))
    .merge(
      resourceFromAttributes({
        ...attributes,
        ...present({
          'service.name': serviceName,
          'service.version': serviceVersion,
          'service.instance.id': serviceInstanceId,
          'deployment.environment.name': environment,
        }),
      }),
    )
}
