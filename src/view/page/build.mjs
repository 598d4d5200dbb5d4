// Bundles the page's script and style into dist/, where the server and `--out` read them. Both are put into the HTML whole, so a saved
// page works offline and needs no other file.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'

const root = path.resolve(import.meta.dirname, '../../..')
const licence = (name) => readFileSync(path.join(root, 'node_modules', name, 'LICENSE'), 'utf8').replaceAll('*/', '* /')

await build({
  absWorkingDir: root,
  entryPoints: { page: 'src/view/page/main.tsx', style: 'src/view/page/style.css' },
  outdir: 'dist/src/view/page',
  bundle: true,
  minify: true,
  charset: 'utf8',
  format: 'iife',
  target: ['chrome123', 'firefox120', 'safari17.5'],
  tsconfig: 'src/view/page/tsconfig.json',
  banner: { js: `/*! Contains preact and @tanstack/virtual-core.\n\n${licence('preact')}\n\n${licence('@tanstack/virtual-core')} */` },
  legalComments: 'none',
  logLevel: 'warning',
})
