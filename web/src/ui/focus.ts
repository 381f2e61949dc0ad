// Keeps focus on the screen. What has it may go: a button after its act, a conversation that another takes the place
// of. The browser then gives it to nobody, and the next key does nothing. Steals none from who left it by themselves.

/** Where it goes when nothing around the lost one is left: as selectors, the first that is on the screen takes it. */
let homes: string[] = []
const atHome = () => homes.map((home) => document.querySelector(home))

/** Gives focus to the first of these that can take it; false where none can. */
export function giveFocus(to: (Element | null)[]): boolean {
  for (const element of to) {
    if (!(element instanceof HTMLElement) || element === document.body) continue
    element.focus({ preventScroll: true })
    if (document.activeElement === element) return true
  }
  return false
}

/** Gives focus back to what had it before, and where that is gone, to the page. */
export function giveBack(opener: Element | null): void {
  if (document.activeElement === document.body) giveFocus([opener, ...atHome()])
}

/** Starts keeping: focus that is lost goes to the nearest thing around it that takes focus, first to the log in that. */
export function keepFocus(places: string[]): void {
  homes = places
  let around: Element[] = []
  document.addEventListener('focusin', ({ target }) => {
    around = []
    for (let at = target instanceof Element ? target : null; at; at = at.parentElement) around.push(at)
  })
  // Left for nothing, by a click beside it: then nothing is lost. Whether it was removed shows a moment later.
  document.addEventListener('focusout', ({ target, relatedTarget }) => {
    if (relatedTarget) return
    queueMicrotask(() => {
      if (target === around[0] && around[0]?.isConnected && document.activeElement !== target) around = []
    })
  })
  new MutationObserver(() => {
    if (document.activeElement !== document.body || around.length === 0 || around[0]?.isConnected) return
    const near = around.filter((element) => element.isConnected && element.hasAttribute('tabindex'))
    around = []
    giveFocus([...near.flatMap((element) => [element.querySelector('.log'), element]), ...atHome()])
  }).observe(document, { childList: true, subtree: true })
}
