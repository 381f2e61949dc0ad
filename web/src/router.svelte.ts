// Addresses of the inbox: a typed route from a path and back. Owns history; knows no state but the address.
import { VIEWS, type View } from './api/types'

export type Route =
  | { name: 'inbox'; view: View; conversation: string | null; card: boolean }
  | { name: 'sign-in' }
  | { name: 'invitation'; token: string }
  | { name: 'associates' }
  | { name: 'inboxes' }
  | { name: 'account' }
  | { name: 'unknown' }

/** A part of an address as it was meant; one with a broken escape as it stands, so that nothing is found there. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

export function parse(path: string): Route {
  const [first = '', second, third, fourth] = path.split('/').filter(Boolean).map(decoded)
  switch (first) {
    case '':
      return { name: 'inbox', view: 'mine', conversation: null, card: false }
    case 'inbox': {
      const view = VIEWS.find((v) => v === (second ?? 'mine'))
      if (!view) return { name: 'unknown' }
      return { name: 'inbox', view, conversation: third ?? null, card: third !== undefined && fourth === 'card' }
    }
    case 'sign-in':
      return { name: 'sign-in' }
    case 'invitation':
    case 'invitations':
    case 'invite':
    case 'reset':
      return second ? { name: 'invitation', token: second } : { name: 'unknown' }
    case 'associates':
    case 'inboxes':
    case 'account':
      return { name: first }
    default:
      return { name: 'unknown' }
  }
}

export function href(route: Route): string {
  switch (route.name) {
    case 'inbox': {
      const base = `/inbox/${route.view}`
      if (!route.conversation) return base
      return `${base}/${encodeURIComponent(route.conversation)}${route.card ? '/card' : ''}`
    }
    case 'invitation':
      return `/invitation/${encodeURIComponent(route.token)}`
    case 'unknown':
      return '/'
    default:
      return `/${route.name}`
  }
}

export const inboxAt = (view: View, conversation: string | null = null, card = false): Route => ({
  name: 'inbox',
  view,
  conversation,
  card,
})

class Router {
  route = $state.raw<Route>(parse(location.pathname))

  start(): void {
    addEventListener('popstate', () => (this.route = parse(location.pathname)))
    document.addEventListener('click', (event) => {
      if (
        event.defaultPrevented ||
        event.button !== 0 ||
        event.metaKey ||
        event.ctrlKey ||
        event.shiftKey ||
        event.altKey
      )
        return
      const link = (event.target as Element).closest?.('a')
      if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return
      const route = parse(link.pathname)
      if (route.name === 'unknown' || link.pathname.startsWith('/playground')) return
      event.preventDefault()
      this.go(route)
    })
  }

  go(route: Route, how: 'push' | 'replace' = 'push'): void {
    const to = href(route)
    if (to !== location.pathname) history[how === 'push' ? 'pushState' : 'replaceState'](null, '', to)
    this.route = route
  }
}

export const router = new Router()
