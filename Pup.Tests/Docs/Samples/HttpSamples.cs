using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pup.Client;
using Pup.Client.Http;
using Pup.Grains;
using Pup.Silo;

namespace Pup.Tests.Docs.Samples;

internal static class HttpSamples
{
    #region http
    public static WebApplication Build(WebApplicationBuilder builder, Action<PupBuilder> addProjections)
    {
        // Leave this line out where the silos are processes of their own.
        builder.UseOrleans(silo => addProjections(silo.UsePupClustering().AddPup()));
        builder.AddPupClient();
        builder.Services.AddPupHttp();

        var app = builder.Build();
        app.MapPupHealth("/health");
        app.MapPup("/pup");
        return app;
    }
    #endregion

    #region http-policies
    public static void MapForOwnUsers(WebApplication app) => app.MapPup("/pup", options =>
    {
        options.ReadPolicy = "employees";
        options.OperatePolicy = "operators";
    });
    #endregion

    #region http-tokens
    public static WebApplication BuildForTokens(WebApplicationBuilder builder)
    {
        // Whose tokens: the section Authentication:Schemes:Bearer of the configuration says it, by Authority and ValidAudiences.
        builder.Services.AddAuthentication().AddJwtBearer();
        builder.Services.AddAuthorizationBuilder()
            .AddPolicy("employees", policy => policy.RequireClaim("pup", "read", "operate"))
            .AddPolicy("operators", policy => policy.RequireClaim("pup", "operate"));
        builder.AddPupClient();

        var app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        MapForOwnUsers(app);
        return app;
    }
    #endregion
}
