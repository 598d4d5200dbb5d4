module.exports = { testMatch: ['**/jest.check.cjs'] }
