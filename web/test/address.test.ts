// Addresses that somebody typed, cut short or broke.
import { expect, test } from 'vitest'
import { href, parse } from '../src/router.svelte'

test('a broken escape in an address is an unknown conversation, and not a blank page', () => {
  const route = parse('/inbox/all/%E0%A4%A')
  expect(route).toEqual({ name: 'inbox', view: 'all', conversation: '%E0%A4%A', card: false })
  expect(parse(href(route))).toEqual(route)
})
