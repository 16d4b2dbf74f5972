using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;
using Pup.Client.Http.Access;
using Pup.Client.Http.Routes;

namespace Pup.Client.Http;

/// <summary>The OpenAPI document of Pup's routes, apart from those of the host.</summary>
internal static class ApiDescription
{
    public const string DocumentName = "openapi";
    private const string Key = "key";

    public static void Configure(OpenApiOptions options)
    {
        options.ShouldInclude = static description => description.ActionDescriptor.EndpointMetadata.OfType<RouteAccess>().Any();
        options.AddDocumentTransformer(static (document, _, _) =>
        {
            (document.Info.Title, document.Info.Description) = ("Pup", "Lag, status and operation of projections. Errors are problem details.");
            document.AddComponent(Key, new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API key, or what the host's own policies ask for." });
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Key, document)] = [] }];
            return Task.CompletedTask;
        });
    }

    // The platform takes the document's name from the address.
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapOpenApi($"/{{documentName:regex(^{DocumentName}$)}}.json").WithMetadata(RouteAccess.Read);
}
