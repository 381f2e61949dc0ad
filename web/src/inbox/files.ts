// Which attachments may be shown. Raster pictures only; anything else is for download.
import type { Attachment, Capabilities } from '../api/types'

const RASTER = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])

export const isPicture = (a: Attachment): boolean =>
  a.state === 'stored' && RASTER.has(a.content_type.split(';')[0]?.trim().toLowerCase() ?? '')

/** Whether a channel takes this type, by the patterns that its connector names ("image/*", "application/pdf"). */
export function takes(capabilities: Capabilities, type: string): boolean {
  const patterns = capabilities.attachment_types
  if (!patterns || patterns.length === 0) return true
  return patterns.some(
    (p) => p === '*' || p === '*/*' || p === type || (p.endsWith('/*') && type.startsWith(p.slice(0, -1))),
  )
}
