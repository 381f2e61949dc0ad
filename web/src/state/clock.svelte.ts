// The time on the screen: one value that every "12 min" reads, moved on every ten seconds and when the tab wakes.

class Clock {
  now = $state(Date.now())

  constructor() {
    setInterval(() => this.tick(), 10_000)
    document.addEventListener('visibilitychange', () => this.tick())
  }

  tick(): void {
    this.now = Date.now()
  }
}

export const clock = new Clock()
