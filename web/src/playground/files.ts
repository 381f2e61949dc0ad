// Files that a customer sends, as the pretend providers take them.

/** A file that was chosen. */
export interface Attached {
  name: string
  content_type: string
  /** In base64. */
  bytes: string
  size: number
}

/** So many bytes of files go with one letter or message. */
const MOST = 4_000_000

/** What was chosen beside what was there already, and whether some of it was too large. */
export async function attach(known: Attached[], chosen: FileList | null): Promise<[Attached[], boolean]> {
  const found: Attached[] = []
  let large = false
  for (const file of chosen ?? []) {
    if ([...known, ...found].reduce((sum, { size }) => sum + size, file.size) > MOST) {
      large = true
      continue
    }
    const bytes = new Uint8Array(await file.arrayBuffer())
    let raw = ''
    for (let at = 0; at < bytes.length; at += 0x8000) raw += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
    found.push({ name: file.name, content_type: file.type, bytes: btoa(raw), size: file.size })
  }
  return [found, large]
}

/** Without what is for the page alone. */
export const sendable = (files: Attached[]) =>
  files.map(({ name, content_type, bytes }) => ({ name, content_type, bytes }))
