export default { test: { include: ['vitest.check.mjs'] } }
