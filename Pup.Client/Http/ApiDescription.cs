using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Pup.Client.Http.Access;
using Pup.Client.Http.Routes;

namespace Pup.Client.Http;

/// <summary>The OpenAPI document of Pup's routes, apart from those of the host.</summary>
internal static class ApiDescription
{
    public const string DocumentName = "pup";
    private const string Json = "application/json";
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

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/openapi.json", DescribeAsync).Reads("This document").Produces(StatusCodes.Status200OK, contentType: Json);

    private static async Task<IResult> DescribeAsync([FromKeyedServices(DocumentName)] IOpenApiDocumentProvider documents, CancellationToken cancellationToken)
    {
        var document = await documents.GetOpenApiDocumentAsync(cancellationToken);
        return TypedResults.Text(await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, cancellationToken), Json);
    }
}
