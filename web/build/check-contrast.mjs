// Computes WCAG contrast of the token pairs that the interface uses, in both themes. Exit 1 if one is too low.
// Run: node build/check-contrast.mjs [--all]
import { readFileSync } from 'node:fs'
const css = readFileSync(new URL('../src/styles/tokens.css', import.meta.url), 'utf8')
const tokens = {}
for (const [, name, light, dark] of css.matchAll(/--([\w-]+): light-dark\(oklch\(([^)]+)\), oklch\(([^)]+)\)\)/g)) tokens[name] = [light, dark]
const linear = (text) => {
  const [L, C, H] = text.split('/')[0].trim().split(/\s+/).map(Number)
  const a = C * Math.cos((H * Math.PI) / 180), b = C * Math.sin((H * Math.PI) / 180)
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3, m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3, s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s, -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s, -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s]
}
const outOfGamut = (rgb) => rgb.some((v) => v < -0.002 || v > 1.002)
const clamp = (v) => Math.min(1, Math.max(0, v))
const gamma = (v) => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055)
const degamma = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
const luminance = (rgb) => rgb.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
// 'hover/surface' is the veil 'hover' laid over 'surface', blended as the browser does it.
const colour = (name, theme) => {
  const [top, under] = name.split('/'), rgb = linear(tokens[top][theme]).map(clamp)
  if (!under) return rgb
  const alpha = Number(tokens[top][theme].split('/')[1]), below = colour(under, theme)
  return rgb.map((v, i) => degamma(gamma(v) * alpha + gamma(below[i]) * (1 - alpha)))
}
const contrast = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05) }
const surfaces = ['bg', 'surface', 'surface-raised', 'surface-sunken', 'hover/bg', 'hover/surface', 'hover/surface-raised', 'selected']
const states = ['waiting', 'promised', 'late', 'sent', 'failed', 'unconfirmed']
const text = [], ui = []
for (const s of surfaces) for (const t of ['text', 'text-2', 'text-3', 'accent-text']) text.push([t, s])
for (const t of ['text', 'text-2', 'text-3', 'accent-text']) text.push([t, 'accent-soft'])
for (const t of ['text', 'text-2', 'note-text']) text.push([t, 'note-bg'])
for (const t of ['text', 'text-2', 'bot-text']) text.push([t, 'bot-bg'])
for (const t of states) { for (const s of [...surfaces, `${t}-soft`]) text.push([`${t}-text`, s]); text.push(['text', `${t}-soft`], ['text-2', `${t}-soft`]); for (const s of ['bg', 'surface', 'surface-raised', 'selected', `${t}-soft`]) ui.push([`${t}-solid`, s]) }
text.push(['toast-text', 'toast-bg'], ['toast-accent', 'toast-bg'], ['on-accent', 'accent'], ['on-accent', 'accent-hover'])
for (let i = 1; i <= 7; i++) text.push(['face-ink', `face-${i}`])
for (const s of ['bg', 'surface', 'surface-raised', 'selected', 'accent-soft']) ui.push(['focus', s], ['accent', s])
for (const c of ['email', 'sms', 'telegram', 'discord', 'webchat', 'other']) for (const s of ['bg', 'surface', 'surface-raised', 'selected']) ui.push([`ch-${c}`, s])
for (const s of ['bg', 'surface', 'surface-raised']) ui.push(['border-strong', s], ['bot-line', s])
let bad = 0
const lowest = {}
for (const [pairs, need] of [[text, 4.5], [ui, 3]]) for (const [f, b] of pairs) for (const theme of [0, 1]) {
  const c = contrast(colour(f, theme), colour(b, theme)), name = ['light', 'dark'][theme], key = `${name} ${need}`
  if (!(key in lowest) || c < lowest[key][0]) lowest[key] = [c, `${f} on ${b}`]
  if (c < need) bad++
  if (c < need || process.argv.includes('--all')) console.log(`${c < need ? 'LOW ' : 'ok  '} ${name.padEnd(5)} ${c.toFixed(2)} (>= ${need})  ${f} on ${b}`)
}
for (const [name, pair] of Object.entries(tokens)) pair.forEach((v, i) => { if (outOfGamut(linear(v))) { console.log(`note: --${name} ${['light', 'dark'][i]} is outside sRGB`) } })
for (const [k, [c, p]] of Object.entries(lowest)) console.log(`lowest ${k}: ${c.toFixed(2)} (${p})`)
console.log(`${(text.length + ui.length) * 2} pairs, ${bad} too low`)
process.exit(bad ? 1 : 0)
