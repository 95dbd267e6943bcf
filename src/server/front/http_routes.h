// Plain HTTP answers beside gRPC on the same port: /health, /version, /metrics. Requests come with
// any method; a body is read and thrown away. A request is answered from the transport's thread or
// later from any thread by calling `respond` exactly once.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace stele::server {

struct HttpRequest {
  std::string method;
  std::string path;   // without the query
  std::string query;  // without '?'
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

using HttpRespond = std::function<void(HttpResponse)>;

class HttpRoutes {
 public:
  virtual ~HttpRoutes() = default;
  virtual void Handle(const HttpRequest& request, HttpRespond respond) = 0;
};

}  // namespace stele::server
