// Starts the inbox: words first, then the screen. Wires what lives as long as the tab.
import './styles/index.css'
import { mount } from 'svelte'
import App from './App.svelte'
import { shortcuts } from './keys/shortcuts.svelte'
import { router } from './router.svelte'
import { tieLive } from './state/live.svelte'
import { prefs } from './state/prefs.svelte'
import { session } from './state/session.svelte'
import { words } from './text/index.svelte'
import { keepFocus } from './ui/focus'

tieLive()
router.start()
shortcuts.start()
keepFocus(['.card.drawer', '#thread .log', '#thread', '#main', '.row.is-cursor', '#list'])
const target = document.getElementById('app')
if (!target) throw new Error('index.html has no #app')
await Promise.all([words.use(prefs.language), session.look()])
mount(App, { target })
