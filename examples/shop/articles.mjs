// The database of the examples of services. It counts the questions.
const articles = new Map([
  [1, { id: 1, name: 'tea', price: 3 }],
  [2, { id: 2, name: 'pot', price: 20 }],
])
export const database = {
  questions: 0,
  find(id) {
    this.questions++
    return articles.get(id)
  },
  setPrice(id, price) {
    articles.set(id, { ...articles.get(id), price })
  },
}
