// The types of @whatwg-node/fetch bring those of browsers, by which the sources of this package are not checked.
export declare const fetch: typeof globalThis.fetch
export declare const Request: typeof globalThis.Request
export declare const Response: typeof globalThis.Response
export declare const Headers: typeof globalThis.Headers
export declare const URL: typeof globalThis.URL
