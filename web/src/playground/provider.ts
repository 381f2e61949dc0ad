// The pretend providers' own API: what customers' phones and mailboxes hold, and how to make it hard. Not part of
// /api/v1.
import { request } from '../api/http'
import type { Chats } from './chats'
import type { Letter } from './mail'

export type Fault = 'cut_send' | 'refuse_send' | 'down' | 'none'

export type MailFault = 'down' | 'refuse' | 'put_off' | 'cut' | 'none'

export interface Customer {
  number: string
  address: string
  name: string
}

export interface Sms {
  sid: string
  from: string
  to: string
  body: string
  direction: string
  status: string
  at: number
  media?: string[]
}

export interface ProviderState {
  numbers: Record<string, string>
  customers: Customer[]
  messages: Sms[]
  faults: string[]
  mail: MailState
  /** By the channel's name. */
  chats: Record<string, Chats>
}

export interface MailState {
  shops: { name: string; address: string }[]
  letters: Letter[]
  /** For whom a machine answers. */
  away: string[]
  faults: string[]
}

/** What a customer writes. */
export interface Written {
  from: string
  subject: string
  text: string
  /** The letter that it answers. */
  answers?: string
  /** Somebody else writes it, in the customer's name. */
  forged?: boolean
  files: { name: string; content_type: string; bytes: string }[]
}

const API = '/playground/api'
export const provider = {
  state: () => request<ProviderState>('GET', `${API}/state`),
  sms: (from: string, body: string) => request<unknown>('POST', `${API}/sms`, { body: { from, body } }),
  again: (sid: string) => request<unknown>('POST', `${API}/again`, { body: { sid } }),
  mail: (written: Written) => request<{ id: string }>('POST', `${API}/mail`, { body: written }),
  mailFault: (kind: MailFault) => request<unknown>('POST', `${API}/mail/fault`, { body: { kind } }),
  away: (address: string, away: boolean) => request<unknown>('POST', `${API}/mail/away`, { body: { address, away } }),
  file: (letter: string, index: number) => `${API}/mail/${letter}/files/${index}`,
  fault: (kind: Fault) => request<unknown>('POST', `${API}/fault`, { body: { kind } }),
}

export function watch(take: (state: ProviderState) => void, line: (up: boolean) => void): () => void {
  const events = new EventSource(`${API}/events`)
  events.addEventListener('state', (e) => take(JSON.parse((e as MessageEvent<string>).data) as ProviderState))
  events.onopen = () => line(true)
  events.onerror = () => line(false)
  return () => events.close()
}

/** What begins each text that leaves without a person, as config/rapport.example.toml ships them. */
const LABELS = [
  'Automated message',
  'Automatische Nachricht',
  'Message automatique',
  'Mensaje automático',
  'Messaggio automatico',
  'Mensagem automática',
  'Automatisch bericht',
  'Wiadomość automatyczna',
]

/** Whether a machine wrote it: its label stands first, and a person's word for an umbrella does not. */
export const isRobot = ({ body }: Pick<Sms, 'body'>): boolean => LABELS.some((label) => body.startsWith(label))
