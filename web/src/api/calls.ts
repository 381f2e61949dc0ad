// Every endpoint of /api/v1 that the inbox uses, one function each. Owns paths and shapes; keeps no state.
import { Lost, read, request } from './http'
import type * as T from './types'

const V1 = '/api/v1'
const id = encodeURIComponent
const get = <R>(path: string, signal?: AbortSignal) => request<R>('GET', V1 + path, signal ? { signal } : {})
const post = <R>(path: string, body?: unknown) => request<R>('POST', V1 + path, body === undefined ? {} : { body })

type Acted = { conversation: T.Summary }
type Said = Acted & { message: T.Message }

export const session = {
  me: () => request<T.Me>('GET', `${V1}/me`, { anonymous: true }),
  signIn: (email: string, password: string) =>
    request<T.Me>('POST', `${V1}/session`, { body: { email, password }, anonymous: true }),
  signOut: () => request<void>('DELETE', `${V1}/session`),
  changePassword: (current: string, next: string) =>
    request<void>('POST', `${V1}/me/password`, { body: { current, new: next }, anonymous: true }),
  invitation: (token: string) => request<T.Invitation>('GET', `${V1}/invitations/${id(token)}`, { anonymous: true }),
  accept: (token: string, password: string, name?: string) =>
    request<T.Me>('POST', `${V1}/invitations/${id(token)}`, {
      body: name === undefined ? { password } : { password, name },
      anonymous: true,
    }),
}

export const waysIn = {
  get: () => get<T.WaysIn>('/me/ways-in'),
  make: () => request<T.WaysIn>('PUT', `${V1}/me/ways-in`),
  end: () => request<void>('DELETE', `${V1}/me/ways-in`),
}

export const associates = {
  list: () => get<{ items: T.Associate[] }>('/associates'),
  invite: (body: { name: string; email: string; role: T.Role; teams: string[] }) =>
    post<T.Invited>('/associates', body),
  change: (who: string, body: { name?: string; role?: T.Role; teams?: string[] }) =>
    request<T.Associate>('PATCH', `${V1}/associates/${id(who)}`, { body }),
  disable: (who: string) => post<T.Associate>(`/associates/${id(who)}/disable`),
  enable: (who: string) => post<T.Associate>(`/associates/${id(who)}/enable`),
  reset: (who: string) => post<T.Invited>(`/associates/${id(who)}/reset`),
}

const put = <R>(path: string, body: unknown) => request<R>('PUT', V1 + path, { body })

/** Hours and absence: of `me`, of `associates:ID` or of `teams:ID`. */
const at = (whose: string) => `/${whose.split(':').map(id).join('/')}`
export const attendance = {
  get: (whose: string) => get<T.Attendance>(`${at(whose)}/attendance`),
  setHours: (whose: string, hours: T.Hours | null) => put<T.Attendance>(`${at(whose)}/hours`, { hours }),
  enter: (whose: string, absence: { from: number; until: number; stand_in: string | null; reason: string }) =>
    post<T.Attendance>(`${at(whose)}/absences`, absence),
  end: (absence: string) => request<void>('DELETE', `${V1}/absences/${id(absence)}`),
  setWork: (whose: string, work: { capacity: number | null; skills: string[] }) =>
    put<T.Attendance>(`${at(whose)}/work`, work),
}

export const routing = {
  explain: (conversation: string) => get<T.Explained>(`/conversations/${id(conversation)}/routing`),
  choose: (contact: string, associate: string | null) =>
    put<void>(`/contacts/${id(contact)}/known-associate`, { associate }),
}

export const inboxes = {
  list: () => get<{ items: T.InboxHealth[]; unsettled?: T.Summary[] }>('/inboxes'),
  bot: () => get<T.BotState>('/bot'),
  /** Throws the bot's switch of an inbox, or with null the one for all. */
  switchBot: (which: string | null, enabled: boolean) =>
    request<T.BotState>('PUT', `${V1}${which === null ? '' : `/inboxes/${id(which)}`}/bot`, { body: { enabled } }),
}

export const parked = {
  list: (cursor: string | null) =>
    get<{ items: T.Parked[]; next?: string | null }>(`/parked${cursor ? `?cursor=${id(cursor)}` : ''}`),
  read: (which: string) => post<{ conversation?: T.Summary | null }>(`/parked/${id(which)}/read`),
  setAside: (which: string, reason: string) => post<void>(`/parked/${id(which)}/set-aside`, { reason }),
}

export const conversations = {
  page: (view: T.View, cursor: string | null, limit: number) =>
    get<T.QueuePage>(`/conversations?view=${view}&limit=${limit}${cursor ? `&cursor=${id(cursor)}` : ''}`),
  open: (which: string, signal?: AbortSignal) => get<T.Detail>(`/conversations/${id(which)}`, signal),
  older: (contact: string, before: string) =>
    get<T.Page>(`/contacts/${id(contact)}/timeline?before=${id(before)}&limit=50`),
  reply: (
    which: string,
    key: string,
    body: {
      text: string
      attachments: string[]
      seen_position: number
      close: boolean
      spans?: T.Span[]
      answers?: string
      subject?: string
      cc?: string[]
    },
  ) => request<Said>('POST', `${V1}/conversations/${id(which)}/replies`, { body, idempotencyKey: key }),
  note: (which: string, key: string, body: { text: string; attachments: string[]; mentions?: string[] }) =>
    request<Said>('POST', `${V1}/conversations/${id(which)}/notes`, { body, idempotencyKey: key }),
  undo: (message: string) =>
    post<Acted & { text: string; attachments: T.Attachment[] }>(`/messages/${id(message)}/undo`),
  resend: (message: string) => post<Said>(`/messages/${id(message)}/resend`),
  confirm: (message: string) => post<Said>(`/messages/${id(message)}/confirm`),
  setAside: (message: string) => post<Said>(`/messages/${id(message)}/set-aside`),
  saveDraft: (
    which: string,
    body: { text: string; attachments: string[]; note: boolean; subject?: string; cc?: string[] },
  ) => request<void>('PUT', `${V1}/conversations/${id(which)}/draft`, { body }),
  dropDraft: (which: string) => request<void>('DELETE', `${V1}/conversations/${id(which)}/draft`),
  assign: (which: string, associate: string | null, team: string | null) =>
    post<Acted>(`/conversations/${id(which)}/assign`, { associate, team }),
  transfer: (which: string, key: string, body: T.NewTransfer) =>
    request<Acted & { undo: T.Undoable | null }>('POST', `${V1}/conversations/${id(which)}/transfer`, {
      body,
      idempotencyKey: key,
    }),
  presence: (which: string, doing: T.PresentPerson['doing'] | 'gone', window: string) =>
    request<{ people: T.PresentPerson[] }>('POST', `${V1}/conversations/${id(which)}/presence`, {
      body: { doing, window },
      lasting: doing === 'gone',
    }),
  close: (which: string) => post<Acted>(`/conversations/${id(which)}/close`),
  reopen: (which: string) => post<Acted>(`/conversations/${id(which)}/reopen`),
  waive: (which: string, body: T.Waiver) =>
    post<Acted & { undo?: T.Undoable | null }>(`/conversations/${id(which)}/waive`, body),
  read: (which: string, position: number) => post<void>(`/conversations/${id(which)}/read`, { position }),
}

export const decisions = {
  decide: (body: T.Decision) => post<{ undo: T.Undoable | null; results: T.VerdictOn[] }>('/decisions', body),
  undo: (which: string) => post<{ results: T.VerdictOn[] }>(`/decisions/${id(which)}/undo`),
}

export const handles = {
  block: (which: string, reason: string) => post<void>(`/handles/${id(which)}/block`, { reason }),
  unblock: (which: string) => post<void>(`/handles/${id(which)}/unblock`),
  newOwner: (which: string, reason: string) => post<void>(`/handles/${id(which)}/new-owner`, { reason }),
  sameOwner: (which: string) => request<void>('DELETE', `${V1}/handles/${id(which)}/new-owner`),
  share: (which: string, shared: boolean) =>
    request<void>(shared ? 'PUT' : 'DELETE', `${V1}/handles/${id(which)}/shared`),
}

export const contacts = {
  find: (address: string) => get<{ items: T.Contact[] }>(`/contacts?address=${id(address)}`),
  preview: (which: string, other: string) => get<T.MergePreview>(`/contacts/${id(which)}/merge?with=${id(other)}`),
  merge: (which: string, other: string, reason: string) =>
    post<{ merge: string }>(`/contacts/${id(which)}/merge`, { with: other, reason }),
  part: (merge: string) => post<{ contact: string }>(`/merges/${id(merge)}/undo`),
  choose: (which: string, field: string, value: string) =>
    post<void>(`/contacts/${id(which)}/choose`, { field, value }),
  apart: (which: string, other: string) => post<void>(`/contacts/${id(which)}/apart`, { with: other }),
  code: (which: string) => post<{ code: string; expires_at: number }>(`/contacts/${id(which)}/link-code`),
}

export const letters = {
  original: (message: string, signal?: AbortSignal) =>
    get<{ text: string }>(`/messages/${id(message)}/original`, signal),
  headers: (message: string) => get<{ items: { name: string; value: string }[] }>(`/messages/${id(message)}/headers`),
  /** A page for a sandboxed frame. */
  pageUrl: (message: string, pictures: boolean) =>
    `${V1}/messages/${id(message)}/html${pictures ? '?images=load' : ''}`,
  rawUrl: (message: string) => `${V1}/messages/${id(message)}/raw`,
}
export const parkedUrl = (which: string) => `${V1}/parked/${id(which)}/raw`

export const attachmentUrl = (which: string, inline = false) =>
  `${V1}/attachments/${id(which)}${inline ? '?inline=1' : ''}`

/** Sends one file up. fetch tells no progress, so this is the one XMLHttpRequest. */
export function upload(file: File, progress: (share: number) => void, signal: AbortSignal): Promise<T.Attachment> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest()
    const form = new FormData()
    form.set('file', file, file.name)
    xhr.open('POST', `${V1}/attachments`)
    xhr.setRequestHeader('x-rapport-csrf', '1')
    xhr.upload.onprogress = (e) => progress(e.lengthComputable && e.total > 0 ? e.loaded / e.total : 0)
    xhr.onerror = () => reject(new Lost('no answer'))
    xhr.onabort = () => reject(new DOMException('cancelled', 'AbortError'))
    xhr.onload = () => {
      try {
        resolve(read<T.Attachment>(xhr.status, xhr.getResponseHeader('content-type') ?? '', xhr.responseText))
      } catch (problem) {
        reject(problem)
      }
    }
    signal.addEventListener('abort', () => xhr.abort())
    xhr.send(form)
  })
}
