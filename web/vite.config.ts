// How the inbox is built: two pages (inbox and playground), hashed names under /assets/, nothing inline.
// The development server passes API requests on to a running bridge (RAPPORT_URL).
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'
import { themeFirst } from './build/theme-first.ts'

const bridge = process.env.RAPPORT_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [svelte(), themeFirst()],
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  build: {
    target: 'es2022',
    // A data: URL would be allowed for pictures only; everything stays a file of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { inbox: 'index.html', playground: 'playground.html' } },
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': bridge, '/playground/api': bridge } },
  test: {
    environment: 'jsdom',
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    pool: 'forks',
    maxWorkers: 1,
  },
})
