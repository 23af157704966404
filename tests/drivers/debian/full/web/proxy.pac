function FindProxyForURL(url, host) { return "PROXY 10.1.10.1:3128"; }
