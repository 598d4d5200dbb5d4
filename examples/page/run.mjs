// Writes the failed order of the shop as one HTML file and takes pictures of it in Chromium: `node examples/page/run.mjs [folder]`.
// The pictures beside this file are what it made; the trace and its lines are those of docs/example.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const root = path.join(import.meta.dirname, '../..')
const folder = path.resolve(process.argv[2] ?? import.meta.dirname)
const page = path.join(root, '.demo', 'page.html')
const failed = '5cb3632fdfccf8ffc8faae9707ff0821'
const asBefore = 'c3a3f419e8e53dca3c80d02f4244db2c'

const pictures = [
  ['trace-light', 'light', ''],
  ['trace-dark', 'dark', '#span=a4aae75a7bb1a68a'],
  ['critical-path', 'light', '#view=path'],
  ['errors', 'dark', '#view=errors'],
  ['services', 'light', '#view=services'],
  ['compare', 'light', '#view=compare'],
]

mkdirSync(path.dirname(page), { recursive: true })
mkdirSync(folder, { recursive: true })
const args = ['dist/src/cli/main.js', 'view', asBefore, failed, 'docs/example', '--out', page]
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  // As root, as in a container, Chromium has no sandbox.
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
})
try {
  for (const [name, colorScheme, hash] of pictures) {
    const tab = await browser.newPage({ viewport: { width: 1280, height: 720 }, colorScheme })
    await tab.goto(pathToFileURL(page).href + hash)
    await tab.waitForSelector('.row, .page-view')
    await tab.screenshot({ path: path.join(folder, `${name}.png`) })
    await tab.close()
  }
} finally {
  await browser.close()
}
