// The pretend provider's own API: what customers' phones hold, and how to make it hard. Not part of /api/v1.
import { request } from '../api/http'

export type Fault = 'cut_send' | 'refuse_send' | 'down' | 'none'

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
  customers: { number: string; name: string }[]
  messages: Sms[]
  faults: (string | { kind: string })[]
}

const API = '/playground/api'
export const provider = {
  state: () => request<ProviderState>('GET', `${API}/state`),
  sms: (from: string, body: string) => request<unknown>('POST', `${API}/sms`, { body: { from, body } }),
  again: (sid: string) => request<unknown>('POST', `${API}/again`, { body: { sid } }),
  fault: (kind: Fault) => request<unknown>('POST', `${API}/fault`, { body: { kind } }),
}

export function watch(take: (state: ProviderState) => void, line: (up: boolean) => void): () => void {
  const events = new EventSource(`${API}/events`)
  events.addEventListener('state', (e) => take(JSON.parse((e as MessageEvent<string>).data) as ProviderState))
  events.onopen = () => line(true)
  events.onerror = () => line(false)
  return () => events.close()
}

export const faultNames = (faults: ProviderState['faults']): Set<string> =>
  new Set(faults.map((f) => (typeof f === 'string' ? f : f.kind)))

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
