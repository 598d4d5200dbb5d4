// oxlint-disable-next-line import/no-unassigned-import -- what it does is all there is of it
import './register.js'
