using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pup.Client.Http;
using Pup.Client.Operations;
using Pup.Tests.Support;

namespace Pup.Tests.Http;

/// <summary>A web application of somebody's, with Pup's routes in it, on a real server.</summary>
internal sealed class HttpHost : IAsyncDisposable
{
    public const string ReadKey = "a-key-that-only-reads";
    public const string OperateKey = "a-key-that-operates-too";

    /// <summary>Two keys, for <see cref="StartAsync"/>.</summary>
    public static readonly (string, string)[] Keys =
    [
        ("Pup:ApiKeys:0:Name", "viewer"), ("Pup:ApiKeys:0:Key", ReadKey), ("Pup:ApiKeys:0:Role", "read"),
        ("Pup:ApiKeys:1:Name", "ops"), ("Pup:ApiKeys:1:Sha256", Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(OperateKey)))), ("Pup:ApiKeys:1:Role", "operate"),
    ];

    private readonly WebApplication _app;

    private HttpHost(WebApplication app)
    {
        _app = app;
        Address = new Uri(app.Urls.First());
        Http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30) };
    }

    public Uri Address { get; }

    public Uri Pup => new(Address, "/pup");

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>Every route of the application with each of its methods.</summary>
    public IEnumerable<(HttpMethod Method, string Pattern)> Routes => _app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .SelectMany(endpoint => (endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET", "POST"])
            .Select(method => (new HttpMethod(method), "/" + endpoint.RoutePattern.RawText!.TrimStart('/'))));

    public static async Task<HttpHost> StartAsync(
        IProjectionClient client, IEnumerable<(string Name, string Value)>? settings = null, Action<WebApplicationBuilder>? configure = null, Action<WebApplication>? use = null, Action<PupHttpOptions>? options = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddInMemoryCollection((settings ?? []).Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value)));
        builder.Logging.AddProvider(new XunitLoggerProvider());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        configure?.Invoke(builder);
        builder.Services.AddSingleton(client);
        builder.Services.AddRouting().AddPupHttp();
        var app = builder.Build();
        use?.Invoke(app);
        app.UseRouting();
        if (options is not null)
            app.UseAuthentication().UseAuthorization();
        app.MapPup(configure: options);
        app.MapPupHealth();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new HttpHost(app);
    }

    /// <summary>Sends a request as curl would.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? key = null, string? body = null, Action<HttpRequestMessage>? with = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (method != HttpMethod.Get && method != HttpMethod.Head)
            request.Content = new StringContent(body ?? "", Encoding.UTF8, "application/json");
        if (key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        with?.Invoke(request);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    public async Task<HttpStatusCode> StatusAsync(HttpMethod method, string path, string? key = null, string? body = null, Action<HttpRequestMessage>? with = null)
    {
        using var answer = await SendAsync(method, path, key, body, with);
        return answer.StatusCode;
    }

    public Task StopAsync() => _app.StopAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}
