import './register.js'

export {}
