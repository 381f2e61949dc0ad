// A row of the queue: who said the last, what a letter is about, and whose sender is not who they say.
import { render, screen } from '@testing-library/svelte'
import { beforeEach, expect, test } from 'vitest'
import Row from '../src/inbox/Row.svelte'
import { session } from '../src/state/session.svelte'
import { me, summary } from './samples'

const row = (change: Parameters<typeof summary>[0]) =>
  render(Row, { summary: summary(change), view: 'all', current: false, cursor: false, onfocus: () => {} })

beforeEach(() => (session.me = me))

test('what a colleague sent from outside is not said to be mine', () => {
  const { unmount } = row({ snippet_author: 'outside_human' })
  expect(screen.queryByText('You:')).toBeNull()
  expect(screen.getByText('A colleague:')).toBeInTheDocument()
  unmount()
  row({ snippet_author: 'associate' })
  expect(screen.getByText('You:')).toBeInTheDocument()
})
