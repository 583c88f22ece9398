import { shipped } from '../support/subjects.js'
import { labSuite } from './suite.js'

labSuite(shipped('demo'))
