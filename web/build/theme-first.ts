// A build step that puts one tiny classic script before everything else: it sets the chosen theme, language direction
// and density before the first paint, so that a dark screen never flashes white. The strict content policy forbids an
// inline script, so it is a hashed file. What it reads is written by src/state/prefs.svelte.ts.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

export function themeFirst(): Plugin {
  const source = readFileSync(new URL('./theme-first.js', import.meta.url), 'utf8')
  const hash = createHash('sha256').update(source).digest('base64url').slice(0, 8)
  const fileName = `assets/theme-${hash}.js`
  return {
    name: 'theme-first',
    apply: 'build',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName, source })
    },
    transformIndexHtml: () => [{ tag: 'script', attrs: { src: `/${fileName}` }, injectTo: 'head-prepend' }],
  }
}
