// Orders from the shop for a minute, ten a second at most: most are paid at once, one in ten is slow, one in twenty is refused by the
// bank. Says at the end where to look. `node customers.mjs [how many]`
import { setTimeout as wait } from 'node:timers/promises'

const { SHOP_URL = 'http://localhost:8080', GRAFANA_URL = 'http://localhost:3000' } = process.env
const orders = Number(process.argv[2] ?? 600)
const trouble = { slow: undefined, refused: undefined }

for (let number = 1; number <= orders; number++) {
  const kind = number % 20 === 5 ? 'refused' : number % 10 === 0 ? 'slow' : 'paid'
  const card = { number: '4242 4242 4242 4242', slow: kind === 'slow', declined: kind === 'refused' }
  const answer = await fetch(`${SHOP_URL}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ item: 'lamp', card }),
  })
  await answer.text()
  const traceId = answer.headers.get('x-trace-id')
  if (kind !== 'paid') {
    trouble[kind] = traceId
    console.log(`order ${number} was ${kind}: ${answer.status}, trace ${traceId}`)
  }
  await wait(100)
}

console.log(`
Dashboard   ${GRAFANA_URL}/d/spanlog-service?var-service=payments
Why an order was refused, and why one was slow:
  npx spanlog trace ${trouble.refused} --loki http://localhost:3100 --tempo http://localhost:3200
  npx spanlog trace ${trouble.slow} --loki http://localhost:3100 --tempo http://localhost:3200`)
