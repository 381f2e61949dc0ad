// The playground: a page of its own beside the inbox, without session or live stream. Everything on it is pretend.
import '../styles/index.css'
import '../styles/playground.css'
import '../styles/mailbox.css'
import '../styles/chat.css'
import { mount } from 'svelte'
import { prefs } from '../state/prefs.svelte'
import { words } from '../text/index.svelte'
import Playground from './Playground.svelte'
import { speak } from './words.svelte'

const target = document.getElementById('app')
if (!target) throw new Error('playground.html has no #app')
await Promise.all([words.use(prefs.language), speak(prefs.language)])
mount(Playground, { target })
