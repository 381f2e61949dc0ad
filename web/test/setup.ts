// What jsdom lacks and the inbox uses.
import '@testing-library/jest-dom/vitest'
