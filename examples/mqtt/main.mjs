// MQTT 5: the trace travels in the user properties of each message. Needs a broker that speaks version 5, such as mosquitto.
import mqtt from 'mqtt'
import { withSpan } from 'spanlog'
import { traceConsume, tracePublish } from 'spanlog/messaging'
import pino from 'spanlog/pino' // was: 'pino'

const log = pino()
const client = await mqtt.connectAsync(process.env.MQTT_URL ?? 'mqtt://127.0.0.1:1883', { protocolVersion: 5 })

// A topic for each device, and one name for all of them in the spans.
const options = { system: 'mqtt', destination: 'devices/{id}/state' }
const publish = tracePublish(options, (properties, topic, state) => client.publishAsync(topic, JSON.stringify(state), properties))
const heard = new Promise((resolve) => {
  const seen = new Set()
  client.on(
    'message',
    traceConsume(options, (topic, payload) => {
      log.info({ topic, state: JSON.parse(payload) }, 'state heard')
      if (seen.add(topic).size === 2) resolve()
    }),
  )
})

await client.subscribeAsync('devices/+/state', { qos: 1 })
for (const device of ['7', '8']) {
  await withSpan('measure', async () => {
    log.info({ device }, 'measured')
    await publish({ qos: 1 }, `devices/${device}/state`, { celsius: 21 })
  })
}
await heard
await client.endAsync()
