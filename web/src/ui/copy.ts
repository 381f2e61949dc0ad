// Puts text on the clipboard. Where the browser refuses (no leave, an old one), says so instead of pretending.

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
