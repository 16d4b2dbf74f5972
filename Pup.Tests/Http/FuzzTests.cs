using System.Net;
using System.Net.Sockets;
using System.Text;
using CsCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Pup.Tests.Http;

/// <summary>Whatever is sent, the answer is a success or problem details, and never 500.</summary>
public sealed class FuzzTests
{
    private static readonly string[] _names = ["orders_p3", "", ".", "..", "%00", "%2F", "%2e%2e", "a b", "é", "'; drop table events; --", "%F0%9F%98%80", "%ED%A0%80", "{name}", "*", new('n', 3_000)];

    private static readonly string[] _tails =
    [
        "", "/events", "/rebuild", "/rebuild/events", "/catch-up", "/pause", "/resume", "/restart", "/partitions", "/dead-letters", "/dead-letters/1", "/dead-letters/-1",
        "/dead-letters/99999999999999999999", "/dead-letters/x", "/dead-letters/%00", "/dead-letters/retry", "/dead-letters/discard", "/wait", "/nothing", "//", "/dead-letters?limit=%00&after=x", "?%00",
    ];

    private static readonly string[] _methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"];

    private static readonly string[] _types =
    [
        "application/json", "application/json; charset=utf-16", "application/json; charset=nonsense", "application/problem+json", "text/plain", "application/x-www-form-urlencoded", "*/*", ";", "",
    ];

    // Values of every kind at every place, and texts that are no JSON at all.
    private static readonly Gen<string> _value = Gen.OneOf(
        Any("null", "true", "false", "{}", "[]", "[null]", "\"\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00x\"", "1e400", "-0", "0.1", "1e3", "-1", "99999999999999999999", "9223372036854775807", "\"00:00:00\"", "\"-00:00:01\"", "\"99:99:99\"", "[0]", "[1,2]", "[9223372036854775807]"),
        Gen.Long.Select(number => number.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        Gen.String.Select(text => System.Text.Json.JsonSerializer.Serialize(text)),
        Gen.Int[1, 300].Select(depth => new string('[', depth) + new string(']', depth)));

    private static readonly Gen<string> _body = Gen.OneOf(
        Gen.Select(Any("partitions", "positions", "timeout", "firstVersion", "lastVersion", "all", "id", "key", "error", "ERROR", "\\u0000", "other"), _value, (name, value) => $"\"{name}\":{value}")
            .Array[0, 5].Select(members => $"{{{string.Join(',', members)}}}"),
        _value,
        Gen.String,
        Any("", " ", "{", "{\"all\":true", "\uFEFF{}", "// comment\n{}", "{\"all\":true,}", "\0"));

    [Fact]
    public async Task Odd_requests_are_answered_with_what_is_wrong_with_them()
    {
        var client = new ScriptedClient();
        client.Goes.SetResult();
        await using var host = await HttpHost.StartAsync(client, configure: builder => builder.Services.AddProblemDetails(), use: app => app.UseStatusCodePages());
        await SendOddRequestsAsync(host.Http, "orders", Environment.GetEnvironmentVariable("PUP_LONG") is null ? 3_000 : 100_000);
    }

    /// <summary>Sends requests about a projection, and others that look like them, and looks at the answers.</summary>
    internal static Task SendOddRequestsAsync(HttpClient http, string projection, int requests) =>
        Gen.Select(Any(_methods), Any([projection, .. _names]), Any(_tails), Any(_types), _body)
            .SampleAsync(
                async (method, name, tail, type, body) =>
                {
                    using var request = new HttpRequestMessage(new HttpMethod(method), $"/pup/projections/{name}{tail}") { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
                    request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
                    using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
                    Assert.NotEqual(HttpStatusCode.InternalServerError, answer.StatusCode);
                    // A path that is no path never gets as far as the routes: the server itself answers it with a bare 400.
                    var isBare = answer.StatusCode == HttpStatusCode.BadRequest && answer.Content.Headers.ContentLength == 0 && $"{name}{tail}".Split('?')[0].Contains('%', StringComparison.Ordinal);
                    if (!answer.IsSuccessStatusCode && method != "HEAD" && !isBare)
                        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
                },
                iter: requests,
                threads: 2);

    [Fact]
    public async Task Bytes_that_are_no_request_are_refused_and_the_next_caller_is_answered()
    {
        await using var host = await HttpHost.StartAsync(new ScriptedClient());
        await Gen.OneOf(
                Gen.Byte.Array[0, 200],
                Gen.Select(Any(_methods), Gen.String, Any("HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9", ""), (method, path, version) => Encoding.UTF8.GetBytes($"{method} /pup/{path} {version}\r\nHost: localhost\r\n\r\n")),
                Any(
                    "GET /pup/projections HTTP/1.1\r\n\r\n"u8.ToArray(),
                    "GET /pup/projections HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"u8.ToArray(),
                    "GET http://evil.example/pup/projections HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(),
                    "POST /pup/projections/orders/pause HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n"u8.ToArray(),
                    "POST /pup/projections/orders/wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"u8.ToArray()))
            .SampleAsync(
                async bytes =>
                {
                    using var client = new TcpClient();
                    await client.ConnectAsync(IPAddress.Loopback, host.Address.Port);
                    var stream = client.GetStream();
                    await stream.WriteAsync(bytes);
                    client.Client.Shutdown(SocketShutdown.Send);
                    using var reader = new StreamReader(stream, Encoding.Latin1);
                    var line = await FirstLineAsync(reader);
                    Assert.DoesNotContain(" 500", line, StringComparison.Ordinal);
                },
                iter: 300,
                threads: 2);
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Get, "/pup/projections"));
    }

    private static Gen<T> Any<T>(params T[] of) => Gen.Int[0, of.Length - 1].Select(index => of[index]);

    private static async Task<string> FirstLineAsync(StreamReader reader)
    {
        try
        {
            return await reader.ReadLineAsync(TestContext.Current.CancellationToken) ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
