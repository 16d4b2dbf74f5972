using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Pup.Client.Http.Access;

/// <summary>
/// Stands before every route, its parameters not yet read: asks who calls and what they may do, notes them for the audit, and puts
/// whatever fails into problem details.
/// </summary>
internal sealed partial class Gate(PupHttpOptions options, ApiKeyRing keys, IHostApplicationLifetime application, ILogger<Gate> logger)
{
    private const string Scheme = "Bearer ";
    private const string KeyHeader = "X-Api-Key";
    private const long MostBody = 1 << 20;

    private bool UsesKeys(string policy) => HostPolicy(policy) is null;

    public void Guard(EndpointBuilder endpoint)
    {
        var policy = (endpoint.Metadata.OfType<RouteAccess>().LastOrDefault() ?? RouteAccess.Operate).Policy;
        var next = endpoint.RequestDelegate ?? throw new InvalidOperationException($"{endpoint.DisplayName} does nothing.");
        if (HostPolicy(policy) is { } own)
            endpoint.Metadata.Add(new AuthorizeAttribute(own));
        endpoint.RequestDelegate = context => RunAsync(context, policy, next);
    }

    private string? HostPolicy(string policy) => policy == PupPolicies.Read ? options.ReadPolicy : options.OperatePolicy;

    private async Task RunAsync(HttpContext context, string policy, RequestDelegate next)
    {
        if (Refusal(context, policy) is { } refusal)
        {
            await refusal.ExecuteAsync(context);
            return;
        }

        if (context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body)
            body.MaxRequestBodySize = MostBody;
        PupActor.Set(ActorOf(context.User));
        // Who only looks may do so for hours, and would hold up the end of the process.
        using var stop = policy == PupPolicies.Read || HttpMethods.IsGet(context.Request.Method)
            ? CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, application.ApplicationStopping)
            : null;
        var aborted = context.RequestAborted;
        context.RequestAborted = stop?.Token ?? aborted;
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (aborted.IsCancellationRequested || context.Response.HasStarted)
        {
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            if (Problems.Of(e, context.RequestAborted) is not { } problem)
            {
                LogUnexpected(logger, e, context.Request.Path);
                problem = Problems.Unexpected;
            }

            await problem.ExecuteAsync(context);
        }
        finally
        {
            context.RequestAborted = aborted;
        }

        // The platform answers a parameter that it cannot read with a bare status.
        if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null } response)
            await Problems.Bare(response.StatusCode).ExecuteAsync(context);
    }

    private ProblemHttpResult? Refusal(HttpContext context, string policy)
    {
        var changes = !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method);
        return (UsesKeys(policy) ? RefusedCaller(context, policy) : null)
            ?? (changes && ForeignSite.Sent(context.Request) ? Problems.Forbidden("A page of another site may not do this.") : null)
            ?? (changes && !HasJson(context.Request) ? Problems.NotJson : null)
            ?? Problems.ImpossibleName(context);
    }

    private ProblemHttpResult? RefusedCaller(HttpContext context, string policy)
    {
        if (!keys.IsConfigured)
        {
            context.User = Principal("loopback", PupPolicies.Operate);
            return LocalCaller.Is(context)
                ? null
                : Problems.Forbidden("No API key is configured, so only callers on this machine are let in, by a loopback address and name and without a proxy. Configure Pup:ApiKeys or Pup:ApiKeyFile.");
        }

        if (Presented(context.Request) is not { } presented || keys.Find(presented) is not { } key)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Problems.Unauthorized;
        }

        context.User = Principal(key.Name, key.Policy);
        return key.Allows(policy) ? null : Problems.Forbidden($"API key '{key.Name}' may read, and not operate.");
    }

    private static string? Presented(HttpRequest request) =>
        Only(request.Headers[KeyHeader]) ?? (Only(request.Headers.Authorization) is { } bearer && bearer.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? bearer[Scheme.Length..].Trim() : null);

    private static string? Only(StringValues values) => values is [{ Length: > 0 } value] ? value : null;

    // A form of a foreign page can be sent as text, never as JSON, and never with this method.
    private static bool HasJson(HttpRequest request) => request.HasJsonContentType() || (HttpMethods.IsDelete(request.Method) && request.ContentType is null);

    private static ClaimsPrincipal Principal(string name, string policy) =>
        new(new ClaimsIdentity([new Claim(ClaimTypes.Name, name), new Claim(ClaimTypes.Role, policy)], "Pup"));

    private static string ActorOf(ClaimsPrincipal user) =>
        new[] { user.Identity?.Name, user.FindFirst(ClaimTypes.NameIdentifier)?.Value, user.FindFirst("sub")?.Value }.FirstOrDefault(static name => !string.IsNullOrWhiteSpace(name)) ?? "unknown";

    [LoggerMessage(Level = LogLevel.Error, Message = "{Path} failed unexpectedly")]
    private static partial void LogUnexpected(ILogger logger, Exception exception, PathString path);
}
