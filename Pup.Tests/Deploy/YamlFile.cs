using System.Text.Json;
using k8s;
using Pup.Tests.Docs;

namespace Pup.Tests.Deploy;

/// <summary>A file of the repository that is YAML, as JSON.</summary>
internal static class YamlFile
{
    public static JsonElement Read(string file) => JsonSerializer.SerializeToElement(KubernetesYaml.Deserialize<Dictionary<string, object>>(Repository.Read(file)));
}
