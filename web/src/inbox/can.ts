// What a channel can carry, as short sentences: shown before anything is written.
import type { Capabilities } from '../api/types'
import { t } from '../text/index.svelte'
import { list, number, size } from '../text/format'

/** Kinds of files in words: "pictures and PDF files". */
export function kinds(types: string[] | null): string {
  const { image, video, audio, text, pdf } = t.chat.types
  const words: Record<string, string> = {
    'image/*': image,
    'video/*': video,
    'audio/*': audio,
    'text/*': text,
    'text/plain': text,
    'application/pdf': pdf,
  }
  const all = types?.some((type) => type === '*' || type === '*/*') ? [] : (types ?? [])
  return list([...new Set(all.map((type) => words[type] ?? type))])
}

export const carriesFiles = (can: Capabilities): boolean => (can.attachment_limit ?? 0) > 0

/** The longest text, in the channel's own unit. */
export const longest = (can: Capabilities): string => t.chat.units[can.text_unit](number(can.longest_text))

function lasting(seconds: number): string {
  const hours = seconds / 3_600
  return Number.isInteger(hours) ? t.chat.hoursLong(hours) : t.chat.minutesLong(Math.round(seconds / 60))
}

export function told(can: Capabilities): string[] {
  const types = kinds(can.attachment_types)
  const limit = size(can.attachment_limit)
  return [
    t.chat.longest(longest(can)),
    can.rich_text ? t.chat.rich : t.chat.plain,
    !carriesFiles(can) ? t.chat.noFiles : types ? t.chat.filesOf(limit, types) : t.chat.files(limit),
    ...(can.quotes ? [t.chat.quotes] : []),
    ...(can.reply_window === null ? [] : [t.chat.window(lasting(can.reply_window))]),
    !can.delivery_receipts ? t.chat.noReceipts : can.read_receipts ? t.chat.receiptsRead : t.chat.receipts,
    ...(can.edits ? [] : [t.chat.noEdits]),
  ]
}
