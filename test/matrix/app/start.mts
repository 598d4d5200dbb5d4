import './main.mjs'
