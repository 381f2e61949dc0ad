//! The client for a provider's API: bound to one configured origin.
//!
//! It never leaves that origin: a path that a provider names (a next page) is checked against it,
//! and a redirect is an answer like any other.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use url::Url;

use super::{Credentials, HttpError, Timeouts, client, read_up_to};

/// More than any answer of a provider's API that is worth reading.
const LONGEST_ANSWER: u64 = 16 * 1024 * 1024;

/// Calls the API at one origin.
#[derive(Debug, Clone)]
pub struct ApiClient {
    base: Url,
    client: reqwest::Client,
}

/// A provider's answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; `None` where it broke off or was too long, though the status is known.
    pub body: Option<Bytes>,
}

impl Answer {
    /// How long the provider wants us to wait, where it says so in seconds.
    pub fn retry_after(&self) -> Option<std::time::Duration> {
        let value = self.headers.get(http::header::RETRY_AFTER)?;
        let seconds: u64 = value.to_str().ok()?.trim().parse().ok()?;
        Some(std::time::Duration::from_secs(seconds))
    }

    /// The body as JSON of this shape; `None` where it is not.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(self.body.as_ref()?).ok()
    }
}

impl ApiClient {
    /// A client for the API at `base`.
    pub fn new(base: Url, timeouts: Timeouts) -> Result<Self, HttpError> {
        let client = client(timeouts, None)?;
        Ok(Self { base, client })
    }

    /// The configured origin, with its path where it has one.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Where `path` (which begins with `/` and may have a query) is under the base; `None` where
    /// that would be at another origin.
    pub fn url(&self, path: &str) -> Option<Url> {
        let text = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        let url = Url::parse(&text).ok()?;
        let inside = path.starts_with('/') && url.origin() == self.base.origin();
        (inside && url.username() == self.base.username()).then_some(url)
    }

    /// Reads `path`, with these parameters added to its query.
    pub async fn get(
        &self,
        path: &str,
        query: &[(&str, &str)],
        credentials: Credentials<'_>,
    ) -> Result<Answer, HttpError> {
        let mut url = self.inside(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Self::call(credentials.apply(self.client.get(url))).await
    }

    /// Posts a form to `path`.
    pub async fn post_form(
        &self,
        path: &str,
        form: &[(&str, &str)],
        credentials: Credentials<'_>,
    ) -> Result<Answer, HttpError> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut headers = HeaderMap::new();
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form_type);
        self.post(path, headers, body, credentials).await
    }

    /// Posts any body to `path`, under these headers.
    pub async fn post(
        &self,
        path: &str,
        headers: HeaderMap,
        body: impl Into<Bytes>,
        credentials: Credentials<'_>,
    ) -> Result<Answer, HttpError> {
        let request = self.client.post(self.inside(path)?).headers(headers).body(body.into());
        Self::call(credentials.apply(request)).await
    }

    /// Puts what the address itself names: without a body.
    pub async fn put(&self, path: &str, credentials: Credentials<'_>) -> Result<Answer, HttpError> {
        let request = self.client.put(self.inside(path)?).header(http::header::CONTENT_LENGTH, 0);
        Self::call(credentials.apply(request)).await
    }

    fn inside(&self, path: &str) -> Result<Url, HttpError> {
        self.url(path).ok_or_else(|| HttpError::NotSent("the path leads away from api_base".to_owned()))
    }

    async fn call(request: reqwest::RequestBuilder) -> Result<Answer, HttpError> {
        let response = request.send().await.map_err(HttpError::of)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_up_to(response, LONGEST_ANSWER).await.ok();
        Ok(Answer { status, headers, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client_of(base: &str) -> ApiClient {
        ApiClient::new(base.parse().unwrap(), Timeouts::default()).unwrap()
    }

    #[test]
    fn a_path_that_leads_to_another_origin_is_refused() {
        let client = client_of("https://api.example.com");
        assert!(client.url("/ok?a=b").is_some());
        for path in ["@evil.example/", ".evil.example/", ":99/", "x", ""] {
            assert!(client.url(path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_base_with_a_path_keeps_it() {
        let client = client_of("http://127.0.0.1:9/mock/");
        assert_eq!(
            client.url("/a.json").map(String::from),
            Some("http://127.0.0.1:9/mock/a.json".to_owned())
        );
    }

    #[tokio::test]
    async fn a_refused_connection_is_surely_not_sent_and_its_error_has_no_address() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let client = client_of(&format!("http://127.0.0.1:{port}/secret-path"));
        let error = client.get("/x", &[], Credentials::None).await.unwrap_err();
        assert!(matches!(error, HttpError::NotSent(_)), "{error:?}");
        assert!(!error.to_string().contains("secret-path"), "{error}");
    }

    #[tokio::test]
    async fn a_connection_that_ends_after_the_request_is_an_unknown_outcome() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            use tokio::io::AsyncReadExt as _;
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
            }
        });
        let client = client_of(&format!("http://{address}"));
        let error = client.post_form("/x", &[("a", "b")], Credentials::None).await;
        assert!(matches!(error, Err(HttpError::NoAnswer(_))), "{error:?}");
    }
}
