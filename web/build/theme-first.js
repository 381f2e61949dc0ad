// Runs before the first paint. Keep it free of anything that can fail.
try {
  var prefs = JSON.parse(localStorage.getItem('rapport.prefs') || '{}')
  var root = document.documentElement
  if (prefs.theme === 'light' || prefs.theme === 'dark') root.dataset.theme = prefs.theme
  if (prefs.density === 'compact') root.dataset.density = 'compact'
  if (prefs.language === 'ar') {
    root.lang = 'ar'
    root.dir = 'rtl'
  }
} catch {
  // No storage: the system's theme and English.
}
