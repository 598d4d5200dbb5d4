import { defineConfig } from 'vitest/config'

// What needs programs that npm does not bring; each test names the one that is missing.
export default defineConfig({
  test: {
    include: ['test/system/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 30_000,
    server: { deps: { external: [/\/dist\//] } },
  },
})
