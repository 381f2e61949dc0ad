// What jsdom lacks and the inbox uses, and the words in English.
import '@testing-library/jest-dom/vitest'
import { cleanup } from '@testing-library/svelte'
import { afterEach } from 'vitest'
import { words } from '../src/text/index.svelte'

class NoObserver {
  observe(): void {
    // Nothing is laid out in jsdom.
  }
  unobserve(): void {
    // See observe.
  }
  disconnect(): void {
    // See observe.
  }
}
Object.assign(globalThis, { ResizeObserver: NoObserver, IntersectionObserver: NoObserver })
window.matchMedia = (query) =>
  ({ matches: false, media: query, addEventListener: () => undefined }) as unknown as MediaQueryList
HTMLElement.prototype.showPopover = () => undefined
HTMLElement.prototype.hidePopover = () => undefined
const matches = Element.prototype.matches
Element.prototype.matches = function (selector) {
  return selector === ':popover-open' ? false : matches.call(this, selector)
}
HTMLDialogElement.prototype.showModal = function () {
  this.open = true
}
HTMLDialogElement.prototype.close = function () {
  this.open = false
  this.dispatchEvent(new Event('close'))
}
afterEach(() => cleanup())
await words.use('en')
