// How the playground's mailbox sorts and quotes letters.
import { expect, test } from 'vitest'
import { answering, quoted, snippet, threads, turns, type Letter } from '../src/playground/mail'

const letter = (name: string, at: number, follows: string[] = [], text = ''): Letter => ({
  id: name,
  customer: 'ines@carvalho.example',
  written_here: false,
  waiting: false,
  at,
  from: { name: '', address: 'support@shop.example' },
  to: [],
  copies: [],
  subject: 'Tents',
  text,
  automatic: false,
  files: [],
  name,
  follows,
})

test('letters lie together where one answers another, also over one that is missing, and by no subject', () => {
  const mixed = [letter('d', 4, ['lost']), letter('c', 3, ['a', 'lost']), letter('a', 1), letter('b', 2)]
  const found = threads(mixed).map((thread) => thread.letters.map((l) => l.id))
  expect(found).toEqual([['a', 'c', 'd'], ['b']])
})

test('an answer says so once, and quotes below a line that says whose words they are', () => {
  expect(answering('Tents')).toBe('Re: Tents')
  expect(answering('RE: Tents')).toBe('RE: Tents')
  expect(quoted('Yes.\n\n> Two?', 'Ann wrote:')).toBe('\n\nAnn wrote:\n> Yes.\n>\n>> Two?')
})

test('what is quoted is told from what was written anew', () => {
  const text = 'Good.\n\nAnn wrote:\n> Yes.\n>\n>> Two?\n\nBye'
  expect(turns(text)).toEqual([
    { quote: false, text: 'Good.\n\nAnn wrote:' },
    { quote: true, text: 'Yes.\n\n> Two?' },
    { quote: false, text: 'Bye' },
  ])
  expect(snippet(letter('a', 1, [], text))).toBe('Good.')
  expect(turns('')).toEqual([])
})
