// The words for a message that another one answers: its author, and how it begins, or what it is where it has no words.
import type { Message, Quoted } from '../api/types'
import { session } from '../state/session.svelte'
import { t } from '../text/index.svelte'

export function nameOf(q: Quoted, original?: Message): string {
  if (q.author_kind === 'bot') return t.assistant
  if (original && original.author.id !== null && original.author.id === session.me?.id) return t.you
  return q.author_name ?? (q.author_kind === 'outside_human' ? t.outside : t.somebody)
}

export function wordsOf(q: Quoted, original?: Message): string {
  if (q.text) return q.text
  if (original?.retracted_at) return t.chat.quotedGone
  return original && original.attachments.length > 0 ? t.chat.quotedFile : t.chat.quotedWordless
}
