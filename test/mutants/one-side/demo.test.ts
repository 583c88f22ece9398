import { shipped } from '../support/subjects.js'
import { oneSideSuite } from './suite.js'

oneSideSuite(shipped('demo'))
