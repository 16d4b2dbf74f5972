using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.OpenApi;
using Pup.Client.Http.Access;

namespace Pup.Client.Http.Routes;

/// <summary>What is said of a route beside its handler: who may call it, and what it answers.</summary>
internal static class RouteExtensions
{
    private const string Streams = "text/event-stream";
    private const string Json = "application/json";

    public static RouteHandlerBuilder Reads(this RouteHandlerBuilder route, string summary) => route.Describe(RouteAccess.Read, summary);

    public static RouteHandlerBuilder Operates(this RouteHandlerBuilder route, string summary) =>
        route.Describe(RouteAccess.Operate, summary).ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status415UnsupportedMediaType);

    public static RouteHandlerBuilder Answers<T>(this RouteHandlerBuilder route, int status = StatusCodes.Status200OK) => route.Produces<T>(status, Json);

    public static RouteHandlerBuilder Streaming<T>(this RouteHandlerBuilder route) => route.Produces<T>(StatusCodes.Status200OK, Streams);

    // Said to the document alone. Were it said to the platform, that would refuse other types before anybody is asked who they are.
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder route) => route.AddOpenApiOperationTransformer(static async (operation, context, cancellationToken) =>
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType> { [Json] = new() { Schema = await context.GetOrCreateSchemaAsync(typeof(T), null, cancellationToken) } },
        });

    private static RouteHandlerBuilder Describe(this RouteHandlerBuilder route, RouteAccess access, string summary) => route
        .WithMetadata(access)
        .WithSummary(summary)
        .WithDescription($"Needs '{access.Policy}'.")
        .ProducesProblem(StatusCodes.Status400BadRequest)
        .ProducesProblem(StatusCodes.Status401Unauthorized)
        .ProducesProblem(StatusCodes.Status403Forbidden)
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
}
