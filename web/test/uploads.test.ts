// Files on their way up: what is refused is named, each keeps its place and the side it was picked for.
import { beforeEach, expect, test, vi } from 'vitest'
import * as calls from '../src/api/calls'
import type { Attachment } from '../src/api/types'
import { Uploads } from '../src/inbox/uploads.svelte'
import { capabilities } from './samples'

const limits = capabilities({ attachment_types: ['image/*'] })
const file = (name: string, content = 'x', type = 'image/png') => new File([content], name, { type })
const up = new Map<string, (failed?: Error) => void>()
let given: [string, boolean][] = []
let uploads = new Uploads(() => undefined)

beforeEach(() => {
  vi.restoreAllMocks()
  up.clear()
  given = []
  uploads = new Uploads((a, note) => given.push([a.name, note]))
  vi.spyOn(calls, 'upload').mockImplementation(
    ({ name }) =>
      new Promise((done, fail) =>
        up.set(name, (failed) => (failed ? fail(failed) : done({ id: name, name } as Attachment))),
      ),
  )
})
const settled = () => new Promise((done) => setTimeout(done))

test('files are attached in the order they were picked, whichever is up first', async () => {
  uploads.take([file('1.png'), file('2.png'), file('3.png')], null, 'SMS', false)
  up.get('3.png')?.()
  up.get('1.png')?.()
  await settled()
  expect(given.map(([name]) => name)).toEqual(['1.png'])
  up.get('2.png')?.()
  await settled()
  expect(given.map(([name]) => name)).toEqual(['1.png', '2.png', '3.png'])
  expect(uploads.list).toEqual([])
})

test('one that fails or is stopped holds up none behind it', async () => {
  uploads.take([file('1.png'), file('2.png'), file('3.png')], null, 'SMS', false)
  up.get('3.png')?.()
  up.get('1.png')?.(new Error('lost'))
  await settled()
  uploads.list[0]?.stop()
  expect(given.map(([name]) => name)).toEqual(['3.png'])
  expect(uploads.problems).toEqual(['1.png could not be uploaded.'])
})

test('a file that was picked for a note stays the note’s, and waits for none of the reply’s', async () => {
  uploads.take([file('reply.png')], limits, 'SMS', false)
  uploads.take([file('inside.pdf', 'x', 'application/pdf')], null, 'SMS', true)
  up.get('inside.pdf')?.()
  await settled()
  expect(given).toEqual([['inside.pdf', true]])
  expect(uploads.list.map((u) => u.note)).toEqual([false])
})

test('each file that is refused is named, and an empty one is called empty', () => {
  uploads.take(
    [file('empty.png', ''), file('big.png', 'x'.repeat(2_000)), file('run.exe', 'x', 'a/b')],
    limits,
    'SMS',
    false,
  )
  expect(uploads.problems).toEqual([
    'empty.png is empty. Nothing was uploaded.',
    'big.png is 2 kB. Up to 1 kB can be sent. Nothing was uploaded.',
    'SMS does not take files like run.exe. Nothing was uploaded. It takes pictures.',
  ])
})
