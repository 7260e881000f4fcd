terraform {
  backend "local" {
    path = "$DEPLOYED/prod/app.tfstate"
  }
}

module "app" {
  source      = "../../../modules/app"
  environment = "prod"
  replicas    = 4
}

output "deployed" {
  value = module.app.deployed
}
